//! Decimals with 18 fractional digits, as prices are on chain.

use std::fmt;
use std::str::FromStr;

/// 10^18.
const ONE: i128 = 1_000_000_000_000_000_000;

/// A decimal with exactly 18 fractional digits.
///
/// On the protobuf wire it is the integer `value × 10^18` as text; in JSON and on screens decimal text. Balances of
/// overdrawn escrow accounts are negative, hence the sign.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Dec(i128);

/// Text that is no decimal, or one out of range.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a decimal number with at most 18 fractional digits")]
pub struct BadDec(pub String);

impl Dec {
    /// Zero.
    pub const ZERO: Self = Self(0);
    /// The largest value, far above any amount that exists.
    pub const MAX: Self = Self(i128::MAX);

    /// A whole number. Saturates far above any amount that exists.
    pub fn from_int(whole: u64) -> Self {
        Self(i128::from(whole).saturating_mul(ONE))
    }

    /// From the value times 10^18.
    pub const fn from_atoms(atoms: i128) -> Self {
        Self(atoms)
    }

    /// The value times 10^18.
    pub const fn atoms(self) -> i128 {
        self.0
    }

    /// The whole part, rounded towards zero; `None` when negative.
    pub fn trunc(self) -> Option<u128> {
        u128::try_from(self.0 / ONE).ok().filter(|_| self.0 >= 0)
    }

    /// The smallest whole number not below the value; `None` when negative.
    pub fn ceil(self) -> Option<u128> {
        let whole = self.trunc()?;
        Some(if self.0 % ONE == 0 { whole } else { whole.saturating_add(1) })
    }

    /// True below zero.
    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }

    /// True for zero.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// Sum; `None` on overflow.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// Difference; `None` on overflow.
    #[must_use]
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }

    /// The value `times` times; `None` on overflow.
    #[must_use]
    pub fn checked_mul(self, times: u64) -> Option<Self> {
        self.0.checked_mul(i128::from(times)).map(Self)
    }

    /// Divided by a whole number, rounded towards zero; `None` for 0.
    #[must_use]
    pub fn checked_div(self, by: u64) -> Option<Self> {
        self.0.checked_div(i128::from(by)).map(Self)
    }

    /// The text of the protobuf wire: an integer.
    pub fn to_wire(self) -> String {
        self.0.to_string()
    }

    /// Reads the text of the protobuf wire.
    pub fn from_wire(text: &str) -> Result<Self, BadDec> {
        text.parse().map(Self).map_err(|_| BadDec(text.chars().take(60).collect()))
    }
}

impl FromStr for Dec {
    type Err = BadDec;

    /// Reads decimal text: `12`, `12.5`, `-0.25`.
    fn from_str(text: &str) -> Result<Self, BadDec> {
        let bad = || BadDec(text.chars().take(60).collect());
        let (sign, digits) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let plain = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || !plain(whole) || !plain(fraction) || fraction.len() > 18 {
            return Err(bad());
        }
        let whole: i128 = whole.parse().map_err(|_| bad())?;
        let fraction: i128 = format!("{fraction:0<18}").parse().map_err(|_| bad())?;
        let atoms = whole.checked_mul(ONE).and_then(|w| w.checked_add(fraction)).ok_or_else(bad)?;
        Ok(Self(atoms.saturating_mul(sign)))
    }
}

impl fmt::Display for Dec {
    /// The shortest decimal text; with a precision (`{:.18}`) exactly that many fractional digits, cut, not rounded.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let atoms = self.0.unsigned_abs();
        let one = ONE.unsigned_abs();
        let fraction = format!("{:018}", atoms % one);
        let shown = match f.precision() {
            Some(digits) => fraction.get(..digits.min(18)).unwrap_or(&fraction),
            None => fraction.trim_end_matches('0'),
        };
        let sign = if self.0 < 0 { "-" } else { "" };
        let point = if shown.is_empty() { "" } else { "." };
        write!(f, "{sign}{}{point}{shown}", atoms / one)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn wire_text_is_scaled_by_ten_to_the_eighteenth() {
        let check = |text: &str, wire: &str| {
            let dec: Dec = text.parse().unwrap();
            assert_eq!(dec.to_wire(), wire);
            assert_eq!(Dec::from_wire(wire).unwrap(), dec);
            assert_eq!(dec.to_string(), text);
        };
        check("1", "1000000000000000000");
        check("12.5", "12500000000000000000");
        check("0.49392", "493920000000000000");
        check("-500000", "-500000000000000000000000");
        check("0.000000000000000001", "1");
        check("0", "0");
    }

    #[test]
    fn refuses_what_is_no_decimal() {
        for bad in ["", ".5", "1,5", "1e5", "--1", "0.0000000000000000001", "1.2.3", "+1", " 1"] {
            assert!(bad.parse::<Dec>().is_err(), "{bad}");
        }
        assert!(Dec::from_wire("").is_err());
        assert!(Dec::from_wire("1.5").is_err());
    }

    #[test]
    fn rounds_as_the_escrow_does() {
        assert_eq!("2.5".parse::<Dec>().unwrap().checked_mul(5).unwrap().trunc(), Some(12));
        assert_eq!("2.5".parse::<Dec>().unwrap().ceil(), Some(3));
        assert_eq!("-0.5".parse::<Dec>().unwrap().trunc(), None);
    }

    proptest! {
        #[test]
        fn round_trips(atoms in -(10i128.pow(36))..10i128.pow(36)) {
            let dec = Dec::from_atoms(atoms);
            prop_assert_eq!(Dec::from_wire(&dec.to_wire()).unwrap(), dec);
            prop_assert_eq!(dec.to_string().parse::<Dec>().unwrap(), dec);
            prop_assert_eq!(format!("{dec:.18}").parse::<Dec>().unwrap(), dec);
        }
    }
}
