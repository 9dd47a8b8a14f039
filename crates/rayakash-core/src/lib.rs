//! What a cluster should be, what it is, what to do next. Pure.
