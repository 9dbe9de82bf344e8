#[tokio::main]
async fn main() {
    let port = std::env::var("PORT").unwrap_or_else(|_| "3001".into());
    let url = std::env::var("DATABASE_URL").expect("DATABASE_URL");
    let listener = tokio::net::TcpListener::bind(format!("0.0.0.0:{port}")).await.unwrap();
    axum::serve(listener, app()).await.unwrap();
}
