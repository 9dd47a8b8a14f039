//! Remembers wishes, intents, money and events on disk.
