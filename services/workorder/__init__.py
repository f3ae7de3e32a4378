"""Work orders: what was promised to a customer, who works on it, and every step it took."""
