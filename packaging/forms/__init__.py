"""What each form asks for, by topic. Forms check shape; services check truth."""
