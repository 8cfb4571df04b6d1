use super::{Extractor, Names};
use crate::EntityKind;

#[test]
fn an_article_is_read_as_a_whole() {
    let text = "APT28 sent Emotet from hxxp://evil[.]top/x and 8.8.8[.]8";
    let found = Extractor::new(Names::embedded()).extract(text);
    let kinds: Vec<EntityKind> = found.iter().map(|found| found.entity.kind).collect();
    assert_eq!(
        kinds,
        [EntityKind::Actor, EntityKind::Malware, EntityKind::Url, EntityKind::Domain, EntityKind::Ip]
    );
    for found in found {
        assert_eq!(&text[found.start..found.end], found.as_written);
    }
}
