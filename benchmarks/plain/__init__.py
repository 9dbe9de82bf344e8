"""What the API is compared with: a bare Django view and a plain DRF viewset, on the same server."""
