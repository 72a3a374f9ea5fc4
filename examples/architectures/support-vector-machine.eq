# A linear support vector machine, in the primal
# Cortes and Vapnik (1995), Support-vector networks
X: 3 x m
Y: 1 x m
w: 1 x 3
b: 1 x 1
C = 0.7
loss = sum(w**2) / 2 + C * sum(max(0, 1 - Y * (w @ X + b)))
