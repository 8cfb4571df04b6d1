use super::{Claim, Item};

pub(super) fn read<'a>(_record: &'a str, _out: &mut Vec<Item<'a>>) -> Claim {
    Claim::NotMine
}
