# A neural ordinary differential equation by two steps of the classical Runge-Kutta method
# Chen, Rubanova, Bettencourt and Duvenaud (2018), Neural ordinary differential equations
X: 3 x m
Y: 3 x m
W: 5 x 3
b: 5 x 1
V: 3 x 5
z[0] = X
repeat n = 1..2:
    p[n] = V @ tanh(W @ z[n-1] + b)
    q[n] = V @ tanh(W @ (z[n-1] + p[n] / 4) + b)
    r[n] = V @ tanh(W @ (z[n-1] + q[n] / 4) + b)
    s[n] = V @ tanh(W @ (z[n-1] + r[n] / 2) + b)
    z[n] = z[n-1] + (p[n] + 2 * q[n] + 2 * r[n] + s[n]) / 12
loss = mse(z[2], Y)
