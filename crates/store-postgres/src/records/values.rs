//! A record's values on their way to the server and back, whatever type a column has there.

use crate::text::{OwnedText, Text};
use std::error::Error;
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};
use watchfire_store::records::tables::{Kind, Value};

/// A value for a column of the server's.
#[derive(Debug)]
pub(super) struct Cell<'v>(pub &'v Value);

impl ToSql for Cell<'_> {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self.0 {
            Value::Null => Ok(IsNull::Yes),
            Value::Integer(number) if *kind == Type::INT8 => number.to_sql(kind, out),
            Value::Integer(number) if *kind == Type::INT4 => i32::try_from(*number)?.to_sql(kind, out),
            Value::Integer(number) if *kind == Type::INT2 => i16::try_from(*number)?.to_sql(kind, out),
            Value::Real(number) if *kind == Type::FLOAT8 => number.to_sql(kind, out),
            Value::Text(text) if *kind == Type::BYTEA => text.as_bytes().to_sql(kind, out),
            Value::Text(text) => Text(text).to_sql(kind, out),
            Value::Blob(bytes) if *kind == Type::BYTEA => bytes.to_sql(kind, out),
            other => Err(format!("a column of {kind} can't hold {}", other.shown(20)).into()),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// A value from a column of the server's.
struct OwnedCell(Value);

impl<'a> FromSql<'a> for OwnedCell {
    fn from_sql(kind: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(match *kind {
            Type::INT8 => Value::Integer(i64::from_sql(kind, raw)?),
            Type::INT4 => Value::Integer(i32::from_sql(kind, raw)?.into()),
            Type::INT2 => Value::Integer(i16::from_sql(kind, raw)?.into()),
            Type::FLOAT8 => Value::Real(f64::from_sql(kind, raw)?),
            Type::BYTEA => Value::Blob(raw.to_vec()),
            Type::TEXT => Value::Text(OwnedText::from_sql(kind, raw)?.0),
            _ => return Err(format!("a column of {kind} is none of the store's").into()),
        }))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(Value::Null))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// What stands in a column that holds this kind of value.
pub(super) fn read(
    row: &tokio_postgres::Row,
    place: usize,
    kind: Kind,
) -> Result<Value, Box<dyn Error + Sync + Send>> {
    match (row.try_get::<_, OwnedCell>(place)?.0, kind) {
        // Names that compare by their bytes are bytes there.
        (Value::Blob(bytes), Kind::Text) => Ok(Value::Text(String::from_utf8(bytes)?)),
        (value, _) => Ok(value),
    }
}
