//! Users' measurements on DynamoDB.
