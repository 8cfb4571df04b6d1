//! Whose account it was, where a product names only one.

use crate::{Alert, Field};

/// A login, above all a failed one, names only the account that was tried, as its target: it is the account that was
/// used. To be called after the last field.
pub fn user_from_target(alert: &mut Alert<'_>) {
    if alert.get(Field::User).is_none() {
        let user = alert.get(Field::TargetUser).map(str::to_owned);
        alert.set_some(Field::User, user);
    }
}
