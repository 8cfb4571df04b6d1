//! Why a stream can't be read on.

use super::Bomb;
use std::io;

/// Why a stream can't be read to its end. What was read before it has been handed out.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// Reading or unpacking failed.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The compressed stream stops in the middle.
    #[error("the compressed data ends early")]
    Truncated,
    /// The text is UTF-16.
    #[error("the text is UTF-16")]
    Utf16,
}

impl FrameError {
    /// What the user can do.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Io(error) if is_bomb(error) => {
                "if the file is to be trusted, unpack it and pass it plain, or raise [input] max_ratio"
            }
            Self::Io(error) if error.kind() == io::ErrorKind::IsADirectory => "name its files: DIR/*.json",
            Self::Io(error) if error.kind() == io::ErrorKind::InvalidInput => {
                "the compressed data is damaged: test it with `gzip -t` or `zstd -t`"
            }
            Self::Io(_) => "check that the file can be read",
            Self::Truncated => "was the file copied while it was still being written? fetch it again",
            Self::Utf16 => "convert it: iconv -f UTF-16 -t UTF-8 FILE",
        }
    }
}

fn is_bomb(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|inner| inner.downcast_ref::<Bomb>().is_some())
}
