class HomeController < ActionController::Base
end
