//! Talks to a Ray head: readiness, nodes, jobs.
