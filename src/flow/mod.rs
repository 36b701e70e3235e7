//! One request from start to end; the only place that awaits.
