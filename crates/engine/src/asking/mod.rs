//! What nobody embedded was sure about, asked of a language model.

mod open;
mod question;

pub(crate) use question::question;
