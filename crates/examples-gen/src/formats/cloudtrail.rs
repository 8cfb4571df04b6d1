//! CloudTrail events, one record a line, without the `Records[]` wrapper.
//!
//! Source: CloudTrail user guide, *Record contents*. Times have whole seconds.

use crate::company::{CLOUD_ACCOUNT, CLOUD_REGION};
use crate::dice::Dice;
use crate::formats::guardduty::{access_key, principal};
use crate::json::{Json, Object};
use crate::moment::Moment;
use crate::record::{Product, Record};

/// An API call.
#[derive(Debug, Clone)]
pub struct Call<'a> {
    /// The service, such as `iam`.
    pub service: &'a str,
    /// The call.
    pub name: &'a str,
    /// The IAM user who makes it.
    pub user: &'a str,
    /// The address it comes from.
    pub source: &'a str,
    /// What makes it.
    pub user_agent: &'a str,
    /// Its parameters.
    pub request: Json,
    /// Its answer.
    pub response: Json,
    /// Whether it only reads.
    pub read_only: bool,
    /// The error, if it failed.
    pub error: Option<&'a str>,
    /// Whether a second factor was used; `None` where the call is no login.
    pub second_factor: Option<bool>,
}

/// An event of an API call.
pub fn event(dice: &mut Dice, at: Moment, call: Call<'_>) -> Record {
    let at = at.seconds();
    let identity = Object::new()
        .with("type", "IAMUser")
        .with("principalId", principal(call.user))
        .with("arn", format!("arn:aws:iam::{CLOUD_ACCOUNT}:user/{}", call.user))
        .with("accountId", CLOUD_ACCOUNT)
        .with("accessKeyId", access_key(dice))
        .with("userName", call.user);
    let kind = if call.name == "ConsoleLogin" { "AwsConsoleSignIn" } else { "AwsApiCall" };
    let record = Object::new()
        .with("eventVersion", "1.10")
        .with("userIdentity", identity)
        .with("eventTime", at.text("%Y-%m-%dT%H:%M:%SZ"))
        .with("eventSource", format!("{}.amazonaws.com", call.service))
        .with("eventName", call.name)
        .with("awsRegion", CLOUD_REGION)
        .with("sourceIPAddress", call.source)
        .with("userAgent", call.user_agent)
        .with_some("errorCode", call.error)
        .with("requestParameters", call.request)
        .with("responseElements", call.response)
        .with_some("additionalEventData", call.second_factor.map(login))
        .with("requestID", dice.uuid())
        .with("eventID", dice.uuid())
        .with("readOnly", call.read_only)
        .with("eventType", kind)
        .with("managementEvent", true)
        .with("recipientAccountId", CLOUD_ACCOUNT)
        .with("eventCategory", "Management");
    Record::new(Product::CloudTrail, at, record.line())
}

fn login(second_factor: bool) -> Object {
    Object::new()
        .with("LoginTo", "https://console.aws.amazon.com/console/home")
        .with("MobileVersion", "No")
        .with("MFAUsed", if second_factor { "Yes" } else { "No" })
}
