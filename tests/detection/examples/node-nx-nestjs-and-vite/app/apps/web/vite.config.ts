export default defineConfig(() => ({ root: __dirname, build: { outDir: '../../dist/apps/web', emptyOutDir: true }, server: { proxy: { '/api': 'http://localhost:3000' } } }));
