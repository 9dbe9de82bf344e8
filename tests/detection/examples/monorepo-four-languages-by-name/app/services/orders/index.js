require('express')().listen(process.env.PORT||3001); const u = process.env.USERS_URL || 'http://users:5000'
