"""What only a durable run can ask for: operations that its driver answers or records by itself, one file each."""
