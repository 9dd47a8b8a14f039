//! The crate from outside.

#[cfg(test)]
mod document;
mod doubts;
