"""What Kyozo needs of its machine: a container engine, found or installed. Knows no Django."""
