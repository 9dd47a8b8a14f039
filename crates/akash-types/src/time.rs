//! Points in time, as the chain stores them.

use cosmos_sdk_proto::tendermint::google::protobuf::{Duration, Timestamp};

use crate::Malformed;

/// A point in time: nanoseconds since 1970. The chain's own precision; enough until the year 2262.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time(pub i64);

const SECOND: i64 = 1_000_000_000;

impl Time {
    /// From milliseconds since 1970.
    pub fn from_millis(ms: u64) -> Self {
        Self(i64::try_from(ms).unwrap_or(i64::MAX).saturating_mul(1_000_000))
    }

    /// Whole seconds since 1970.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(SECOND)
    }

    /// The nanoseconds beyond them.
    pub const fn nanos(self) -> i64 {
        self.0.rem_euclid(SECOND)
    }
}

impl TryFrom<Timestamp> for Time {
    type Error = Malformed;

    fn try_from(t: Timestamp) -> Result<Self, Malformed> {
        let out = || Malformed::new("Timestamp", "seconds", "out of range");
        let whole = t.seconds.checked_mul(SECOND).ok_or_else(out)?;
        whole.checked_add(i64::from(t.nanos)).map(Self).ok_or_else(out)
    }
}

impl From<Time> for Timestamp {
    fn from(t: Time) -> Self {
        Self { seconds: t.seconds(), nanos: i32::try_from(t.nanos()).unwrap_or(0) }
    }
}

/// Whole seconds as the wire writes a span of time.
pub(crate) fn duration(seconds: u64) -> Duration {
    Duration { seconds: i64::try_from(seconds).unwrap_or(i64::MAX), nanos: 0 }
}

/// Whole seconds of a span of time that is not negative.
pub(crate) fn seconds(span: Duration, message: &'static str, field: &'static str) -> Result<u64, Malformed> {
    u64::try_from(span.seconds).map_err(|_| Malformed::new(message, field, "negative"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_survives_the_wire() {
        for time in [Time(0), Time(1_795_545_650_355_132_510), Time(-1)] {
            assert_eq!(Time::try_from(Timestamp::from(time)).unwrap(), time);
        }
        assert!(Time::try_from(Timestamp { seconds: i64::MAX, nanos: 0 }).is_err());
    }
}
