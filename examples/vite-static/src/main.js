import './style.css'

const seen = Number(localStorage.getItem('seen') ?? 0) + 1
localStorage.setItem('seen', String(seen))
document.querySelector('#count').textContent = String(seen)
