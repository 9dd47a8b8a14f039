//! Talks to a provider's gateway: identity, manifest, status, events, logs.
