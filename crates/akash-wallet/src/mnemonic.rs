//! The words from which every key is derived.

use std::fmt;

use secrecy::SecretString;
use zeroize::Zeroizing;

/// A BIP-39 mnemonic: whoever has it has the wallet. Wiped from memory when dropped.
#[derive(Clone)]
pub struct Mnemonic(bip39::Mnemonic);

/// Text that is no mnemonic. It does not repeat the text, which may be a mnemonic with one wrong word.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is not a BIP-39 mnemonic: {problem}")]
pub struct BadMnemonic {
    /// Why, without any of the words.
    pub problem: &'static str,
}

impl Mnemonic {
    /// A new one of 24 words, from the operating system's randomness.
    pub fn generate() -> Result<Self, BadMnemonic> {
        bip39::Mnemonic::generate(24)
            .map(Self)
            .map_err(|_| BadMnemonic { problem: "24 words cannot be generated" })
    }

    /// Reads 12 to 24 English words, separated by white space; the checksum must be right.
    pub fn parse(text: &str) -> Result<Self, BadMnemonic> {
        let words = Zeroizing::new(text.split_whitespace().collect::<Vec<_>>().join(" "));
        bip39::Mnemonic::parse_in_normalized(bip39::Language::English, &words).map(Self).map_err(|error| {
            let problem = match error {
                bip39::Error::BadWordCount(_) => "it has neither 12, 15, 18, 21 nor 24 words",
                bip39::Error::UnknownWord(_) => "one of its words is not on the list",
                bip39::Error::InvalidChecksum => "its checksum is wrong: words are swapped or one is wrong",
                bip39::Error::BadEntropyBitCount(_) | bip39::Error::AmbiguousLanguages(_) => {
                    "its words do not fit together"
                }
            };
            BadMnemonic { problem }
        })
    }

    /// The words, separated by single spaces.
    pub fn phrase(&self) -> SecretString {
        SecretString::from(self.0.to_string())
    }

    /// The seed for derivation, with an empty passphrase as every Cosmos wallet has it.
    pub(crate) fn seed(&self) -> Zeroizing<[u8; 64]> {
        Zeroizing::new(self.0.to_seed_normalized(""))
    }

    /// The entropy that the words spell.
    pub(crate) fn entropy(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(self.0.to_entropy())
    }

    /// The words that spell this entropy.
    pub(crate) fn from_entropy(entropy: &[u8]) -> Option<Self> {
        bip39::Mnemonic::from_entropy(entropy).ok().map(Self)
    }
}

impl fmt::Debug for Mnemonic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn what_is_generated_can_be_read_again_and_differs_each_time() {
        let one = Mnemonic::generate().unwrap();
        let two = Mnemonic::generate().unwrap();
        assert_eq!(one.phrase().expose_secret().split(' ').count(), 24);
        assert_ne!(one.phrase().expose_secret(), two.phrase().expose_secret());
        let again = Mnemonic::parse(one.phrase().expose_secret()).unwrap();
        assert_eq!(again.phrase().expose_secret(), one.phrase().expose_secret());
    }

    #[test]
    fn a_refusal_names_the_problem_and_no_word() {
        let abandon = ["abandon"; 23].join(" ");
        for (text, problem) in [
            ("", "24 words"),
            ("abandon abandon", "24 words"),
            (&*format!("{abandon} secretword"), "not on the list"),
            (&*format!("{abandon} zoo"), "checksum"),
        ] {
            let error = Mnemonic::parse(text).unwrap_err().to_string();
            assert!(error.contains(problem), "{error}");
            assert!(!error.contains("abandon") && !error.contains("secretword"), "{error}");
        }
        assert!(Mnemonic::parse(&format!("  {}  \n art ", abandon.replace(' ', "\n"))).is_ok());
    }

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", Mnemonic::generate().unwrap()), "***");
    }
}
