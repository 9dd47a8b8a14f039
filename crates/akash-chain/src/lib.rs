//! Queries a chain; builds, signs, sends and follows transactions until landed or proven dead.
