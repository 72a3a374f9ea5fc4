# A state space model with a diagonal matrix, discretised by its exact solution
# Gupta, Gu and Berant (2022), Diagonal state spaces are as effective as structured state spaces
u[1..4]: 1 x m input
Y: 1 x m
a, b: 5 x 1
c: 1 x 5
D_, s: 1 x 1
A = -exp(a)
step = exp(s)
P = exp(step * A)
Q = (P - 1) / A * b
h[0] = zeros(5, m)
repeat t = 1..4:
    h[t] = P * h[t-1] + Q @ u[t]
loss = mse(c @ h[4] + D_ @ u[4], Y)
