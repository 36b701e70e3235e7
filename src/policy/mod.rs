//! Claims and what was asked become a grant, or a denial.
