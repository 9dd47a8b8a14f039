//! How the domain's words stand in columns: ids, versions and coins as text that people can read, numbers as integers.

use akash_types::{Address, Coin, DeploymentId, LeaseId};
use rayakash_core::view::Version;
use rusqlite::ToSql;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSqlOutput, ValueRef};

/// A whole number. One that SQLite's 64 bits with a sign do not hold is refused, never cut.
#[derive(Clone, Copy)]
pub(crate) struct Whole<T>(pub(crate) T);

impl<T> ToSql for Whole<T>
where
    T: Copy + TryInto<i64>,
    T::Error: std::error::Error + Send + Sync + 'static,
{
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let number: i64 =
            self.0.try_into().map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
        Ok(number.into())
    }
}

impl<T: TryFrom<i64>> FromSql for Whole<T> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let number = value.as_i64()?;
        T::try_from(number).map(Self).map_err(|_| FromSqlError::OutOfRange(number))
    }
}

/// A word of the domain, as text.
pub(crate) struct Text<T>(pub(crate) T);

/// What has a form as text.
pub(crate) trait Word: Sized {
    fn write(&self) -> String;
    fn read(text: &str) -> Option<Self>;
}

/// Text in a column that is not what the column holds.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` cannot be read back")]
struct Garbled(String);

impl<T: Word> ToSql for Text<&T> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.0.write().into())
    }
}

impl<T: Word> FromSql for Text<T> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let text = value.as_str()?;
        T::read(text).map(Self).ok_or_else(|| FromSqlError::other(Garbled(text.to_owned())))
    }
}

macro_rules! plain_word {
    ($($ty:ty),*) => {$(
        impl Word for $ty {
            fn write(&self) -> String {
                self.to_string()
            }

            fn read(text: &str) -> Option<Self> {
                text.parse().ok()
            }
        }
    )*};
}

plain_word!(Address, Coin);

impl Word for DeploymentId {
    fn write(&self) -> String {
        self.to_string()
    }

    fn read(text: &str) -> Option<Self> {
        let (owner, dseq) = text.split_once('/')?;
        Some(Self::new(owner.parse().ok()?, dseq.parse().ok()?))
    }
}

impl Word for LeaseId {
    fn write(&self) -> String {
        self.to_string()
    }

    fn read(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split('/').collect();
        let [owner, dseq, gseq, oseq, provider] = parts.as_slice() else { return None };
        let deployment = DeploymentId::new(owner.parse().ok()?, dseq.parse().ok()?);
        let order = deployment.group(gseq.parse().ok()?).order(oseq.parse().ok()?);
        Some(Self { order, provider: provider.parse().ok()? })
    }
}

impl Word for Version {
    fn write(&self) -> String {
        hex::encode(self)
    }

    fn read(text: &str) -> Option<Self> {
        let mut version = [0; 32];
        hex::decode_to_slice(text, &mut version).ok()?;
        Some(version)
    }
}
