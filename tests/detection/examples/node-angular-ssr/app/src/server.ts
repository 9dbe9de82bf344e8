const port = process.env['PORT'] || 4000;
app.listen(port)
