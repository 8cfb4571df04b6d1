//! What nobody embedded was sure about, asked of a language model.

mod question;

pub(crate) use question::question;
