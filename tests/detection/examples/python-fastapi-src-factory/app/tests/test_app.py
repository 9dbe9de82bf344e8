from ledger_api.app import create_app
app = create_app()
