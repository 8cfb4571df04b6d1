//! Calls past the store, for what it does not show. DynamoDB Local looks at who signs and never at the signature.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::{Value, json};

pub(crate) fn call(url: &str, action: &str, body: &Value) -> Value {
    let mut server = TcpStream::connect(url.trim_start_matches("http://")).unwrap();
    let body = body.to_string();
    write!(
        server,
        "POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: DynamoDB_20120810.{action}\r\n\
         Content-Type: application/x-amz-json-1.0\r\nX-Amz-Date: 20260101T000000Z\r\n\
         Authorization: AWS4-HMAC-SHA256 Credential=watchfire/20260101/local/dynamodb/aws4_request, \
         SignedHeaders=host, Signature=0\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    server.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let start = answer.find('{').unwrap();
    let end = answer.rfind('}').unwrap();
    serde_json::from_str(&answer[start..=end]).unwrap()
}

/// A user's item, with DynamoDB's types.
pub(crate) fn item(url: &str, table: &str, user: &str) -> Value {
    call(url, "GetItem", &json!({"TableName": table, "Key": {"user": {"S": user}}, "ConsistentRead": true}))["Item"].take()
}
