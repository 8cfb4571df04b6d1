//! What webhooks promise, with receivers in the process and on a socket.

mod delivering;
mod telling;
mod world;
