# A physics-informed network for u'' + u = 0 with u(0) = 1
# Raissi, Perdikaris and Karniadakis (2019), Physics-informed neural networks
t: 1 x m input
w, b: 5 x 1
V: 5 x 5
v: 1 x 5
u = v @ tanh(V @ tanh(w @ t + b))
u1 = grad(sum(u), t)
u2 = grad(sum(u1), t)
u0 = v @ tanh(V @ tanh(b))
loss = mean((u2 + u)**2) + (u0 - 1)**2
