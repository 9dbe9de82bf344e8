"""The API described in OpenAPI: loaded when somebody asks for it, and not before."""
