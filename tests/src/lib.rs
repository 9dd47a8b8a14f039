//! The product from outside, and its scenarios.
