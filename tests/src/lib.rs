//! The product from outside: what its harnesses share beyond `rayakash-testkit`.

pub mod report;
pub mod ts_sdk;
