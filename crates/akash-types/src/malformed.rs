//! What is wrong with a message that a node or a provider sent.

/// A message from outside that does not keep the wire's promises.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}.{field}: {problem}")]
pub struct Malformed {
    /// The message, in the protocol's name for it.
    pub message: &'static str,
    /// The field that is wrong.
    pub field: &'static str,
    /// Why.
    pub problem: String,
}

impl Malformed {
    /// A field whose content cannot be what it should be.
    #[expect(clippy::needless_pass_by_value, reason = "callers hand over an error that they are done with")]
    pub fn new(message: &'static str, field: &'static str, problem: impl ToString) -> Self {
        Self { message, field, problem: problem.to_string() }
    }
}

/// Sub-messages that Go always writes: absent means that the sender is not Akash.
pub(crate) fn required<T>(
    value: Option<T>,
    message: &'static str,
    field: &'static str,
) -> Result<T, Malformed> {
    value.ok_or_else(|| Malformed::new(message, field, "missing"))
}

/// Converts every element of a repeated field.
pub(crate) fn all<P, T: TryFrom<P, Error = Malformed>>(items: Vec<P>) -> Result<Vec<T>, Malformed> {
    items.into_iter().map(T::try_from).collect()
}

/// Turns any error of parsing a field into a [`Malformed`].
pub(crate) trait Field<T> {
    fn field(self, message: &'static str, field: &'static str) -> Result<T, Malformed>;
}

impl<T, E: std::fmt::Display> Field<T> for Result<T, E> {
    fn field(self, message: &'static str, field: &'static str) -> Result<T, Malformed> {
        self.map_err(|problem| Malformed::new(message, field, problem))
    }
}
