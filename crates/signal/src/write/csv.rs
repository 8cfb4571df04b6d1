use super::Record;

pub(super) const HEADER: &str = "";

pub(super) fn write(_record: &Record<'_>, _out: &mut Vec<u8>) {}
