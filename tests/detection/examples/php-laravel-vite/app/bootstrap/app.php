<?php
return Application::configure()->withRouting(health: '/up');
