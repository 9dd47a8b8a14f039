//! The product's verbs and their HTTP contract, v1.
