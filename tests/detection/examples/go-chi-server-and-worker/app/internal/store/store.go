package store

import "os"

var url = os.Getenv("DATABASE_URL")
