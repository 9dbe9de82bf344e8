require "sinatra"

configure do
  set :bind, "0.0.0.0"
  set :port, Integer(ENV.fetch("PORT", "4567"))
end

get("/") { "Hello from Sinatra on Ruby #{RUBY_VERSION}\n" }
get("/health") { "ok\n" }
