# A differential equation u' = -u as a loss, with an initial value; the derivative is written out
# m = 5
t: 1 x m input
w, b: 4 x 1
v: 1 x 4
h = tanh(w @ t + b)
u = v @ h
u_dot = v @ (w * (1 - h**2))
r = u_dot + u
h0 = tanh(b)
u0 = v @ h0
loss = sum(r**2) / m + (u0 - 1)**2
