//! What a failed call says about what it did.
//!
//! For a write the question is whether it was done. DynamoDB's refusals and throttles say no; its 5xx do not tell ("the state of a
//! write is unknown", as its guide to error handling has it for InternalServerError); a connection that was made and then
//! broke, a time limit, or an answer that can't be read say nothing either. The codes are those of the guide, "Error handling with
//! DynamoDB", and of the service's common errors.

use std::error::Error;

use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::{ConnectorError, DisplayErrorContext, ProvideErrorMetadata, SdkError};
use watchfire_store::measurements::UserFailure;

/// Characters of a message at most: the service's own may quote what it was sent.
const MOST_MESSAGE_CHARACTERS: usize = 300;

/// What a failed call says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Told {
    /// Nothing was done, since it is too much now.
    Throttled,
    /// It may have been done.
    Lost(String),
    /// Nothing was done, and trying again may help.
    Failed(String),
    /// Nothing was done, and trying again does not help.
    Refused(String),
    /// Nothing was done, since something about the request is wrong; of a request for many, maybe with one of them.
    Invalid(String),
}

impl Told {
    /// For a user of whom nothing else was told.
    pub(crate) fn failure(&self) -> UserFailure {
        match self {
            Self::Throttled => UserFailure::Throttled { after: None },
            Self::Lost(message) => UserFailure::Lost(message.clone()),
            Self::Failed(message) => UserFailure::Failed(message.clone()),
            Self::Refused(message) | Self::Invalid(message) => UserFailure::Refused(message.clone()),
        }
    }

    /// The same of a call that only reads: what was not answered was not done.
    pub(crate) fn of_reading(self) -> Self {
        match self {
            Self::Lost(message) => Self::Failed(message),
            other => other,
        }
    }

    /// Whether another call may do better.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::Throttled | Self::Lost(_) | Self::Failed(_) => true,
            Self::Refused(_) | Self::Invalid(_) => false,
        }
    }
}

/// What this failure says of a write.
pub(crate) fn told<E>(error: &SdkError<E, HttpResponse>) -> Told
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    match error {
        SdkError::ServiceError(service) => {
            let code = service.err().code().unwrap_or_default();
            let message = service.err().message().unwrap_or("without a message");
            by_code(code, message, service.raw().status().as_u16())
        }
        // Before anything was sent: no credentials, say.
        SdkError::ConstructionFailure(_) => Told::Failed(in_full(error)),
        SdkError::DispatchFailure(failure) if failure.as_connector_error().is_some_and(was_never_sent) => {
            Told::Failed(in_full(error))
        }
        // Whatever else may come to be: the cautious reading.
        _ => Told::Lost(in_full(error)),
    }
}

fn was_never_sent(error: &ConnectorError) -> bool {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(this) = cause {
        if let Some(failure) = this.downcast_ref::<reqwest::Error>() {
            return failure.is_connect() || failure.is_builder();
        }
        cause = this.source();
    }
    error.is_user()
}

fn by_code(code: &str, message: &str, status: u16) -> Told {
    let said = || short(&format!("{code}: {message}"));
    match code {
        "ProvisionedThroughputExceededException"
        | "RequestLimitExceeded"
        | "ThrottlingException"
        | "Throttling"
        | "ThrottledException"
        | "TooManyRequestsException"
        | "LimitExceededException"
        // Somebody else's transaction was at work on the same user.
        | "TransactionConflictException" => Told::Throttled,
        "TransactionInProgressException" => Told::Lost(said()),
        "ResourceNotFoundException"
        | "AccessDeniedException"
        | "AccessDenied"
        | "UnrecognizedClientException"
        | "InvalidClientTokenId"
        | "InvalidSignatureException"
        | "IncompleteSignatureException"
        | "MissingAuthenticationTokenException"
        | "MissingAuthenticationToken"
        | "NotAuthorized"
        | "OptInRequired"
        | "UnknownOperationException"
        | "ItemCollectionSizeLimitExceededException" => Told::Refused(said()),
        "ValidationException" | "ValidationError" | "SerializationException" => Told::Invalid(said()),
        // More than the service takes in one request.
        _ if status == 413 => Told::Invalid(said()),
        // Without a code it is no answer of DynamoDB's: one that can't be read, or somebody else's on the way.
        _ if status >= 500 || code.is_empty() => Told::Lost(said()),
        // An expired token among them: the next one may do.
        _ => Told::Failed(said()),
    }
}

fn in_full(error: &(impl Error + 'static)) -> String {
    short(&DisplayErrorContext(error).to_string())
}

pub(crate) fn short(message: &str) -> String {
    message.chars().take(MOST_MESSAGE_CHARACTERS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_says_whether_it_was_done() {
        for code in ["ProvisionedThroughputExceededException", "RequestLimitExceeded", "ThrottlingException"]
        {
            assert_eq!(by_code(code, "slower", 400), Told::Throttled);
        }
        for code in ["ResourceNotFoundException", "AccessDeniedException", "UnrecognizedClientException"] {
            assert!(matches!(by_code(code, "no", 400), Told::Refused(_)));
        }
        assert!(matches!(by_code("ValidationException", "no", 400), Told::Invalid(_)));
        for (code, status) in
            [("InternalServerError", 500), ("ServiceUnavailable", 503), ("", 502), ("", 200), ("", 403)]
        {
            assert!(matches!(by_code(code, "oh", status), Told::Lost(_)));
        }
        assert!(matches!(by_code("ExpiredTokenException", "old", 400), Told::Failed(_)));
    }

    #[test]
    fn a_lost_reading_is_only_a_failed_one() {
        assert_eq!(Told::Lost("gone".to_owned()).of_reading(), Told::Failed("gone".to_owned()));
        assert_eq!(Told::Throttled.of_reading(), Told::Throttled);
    }

    #[test]
    fn messages_are_short() {
        assert_eq!(short(&"é".repeat(1_000)).chars().count(), MOST_MESSAGE_CHARACTERS);
    }
}
