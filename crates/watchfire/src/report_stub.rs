pub(crate) fn html(_: &watchfire_engine::Summary) -> String { String::new() }
pub(crate) fn markdown(_: &watchfire_engine::Summary) -> String { String::new() }
