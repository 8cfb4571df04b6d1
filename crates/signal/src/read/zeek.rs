use super::{Claim, Item, Keys};

pub(super) fn claims(_keys: &Keys<'_>) -> bool {
    false
}

pub(super) fn read<'a>(_record: &'a str, _out: &mut Vec<Item<'a>>) -> Result<Claim, serde_json::Error> {
    Ok(Claim::NotMine)
}
