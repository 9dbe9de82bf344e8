"""Names that hold secrets by custom, wherever they lie."""

# What is in them is in no image either.
KEY_FOLDERS = frozenset({".ssh", ".gnupg", ".aws", ".kube", ".password-store"})
# A person's own have logins; projects have folders of such a name, with settings for their builds.
LOGIN_FOLDERS = frozenset({
    ".config", ".docker", ".azure", ".gcloud", ".oci", ".pki", ".terraform.d", ".mozilla",
    ".thunderbird",
})  # fmt: skip
PRIVATE_FOLDERS = KEY_FOLDERS | LOGIN_FOLDERS
# `.env.local` and its like hold values; what is meant as an example holds names.
EXAMPLES = frozenset({".env.example", ".env.sample", ".env.template", ".env.dist"})


def is_secret(name: str) -> bool:
    """Of a file or folder in a project; `.git` has addresses with passwords in them."""
    if name.startswith(".env."):
        return name not in EXAMPLES
    return name in {".git", ".env", *PRIVATE_FOLDERS}
