//! The crate from outside.

#[cfg(test)]
mod conformance;
#[cfg(test)]
mod document;
