//! Where the values of a YAML text stand, for those who read it themselves.

use crate::yaml::{self, Node};
use crate::{Position, SdlError};

/// The places of a text's values. Any YAML will do, within the budgets of [`crate::Sdl::parse`].
#[derive(Clone, Debug)]
pub struct Places(Node);

impl Places {
    /// Reads the first document of a text.
    pub fn of(text: &str) -> Result<Self, SdlError> {
        yaml::load(text).map(Self)
    }

    /// Where the key or list item at the end of a path begins, as far as the path leads. Steps are keys, and positions in
    /// lists from 0.
    pub fn at<S: AsRef<str>>(&self, path: &[S]) -> Position {
        self.0.locate(path)
    }
}
