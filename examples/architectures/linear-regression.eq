# Linear regression
# Legendre (1805), Nouvelles méthodes pour la détermination des orbites des comètes
X: 3 x m
Y: 1 x m
w: 1 x 3
b: 1 x 1
loss = mean((w @ X + b - Y)**2)
