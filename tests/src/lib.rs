//! The product from outside: what its harnesses share beyond `rayakash-testkit`.

pub mod parallel;
pub mod report;
pub mod ts_sdk;
