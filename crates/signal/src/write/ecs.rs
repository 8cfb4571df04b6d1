use super::Record;

pub(super) fn write(_record: &Record<'_>, _out: &mut Vec<u8>) {}
