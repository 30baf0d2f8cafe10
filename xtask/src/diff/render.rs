//! Showing a report.
